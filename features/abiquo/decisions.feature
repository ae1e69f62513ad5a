Feature: Decisions on Abiquo tasks

  @ABQ-DEC-1 @must @needs.continue
  Scenario: An approved request goes on
    What the connector approves, it continues, and the user's task then succeeds.
    Source: Abiquo workflow reference, 6.1 and 7

    Given the connector is at work
    When a user asks for a machine that the connector continues
    Then the connector continues it
    And its task ends as it was decided

  @ABQ-DEC-2 @must @needs.cancel
  Scenario: A declined request is cancelled
    What the connector declines, it cancels, and the machine is what it was before.
    Source: Abiquo workflow reference, 6.1 and 7

    Given the connector is at work
    When a user asks for a machine that the connector cancels
    Then the connector cancels it
    And its task ends as it was decided

  @ABQ-DEC-3 @must
  Scenario: Each request is decided once
    Once the cloud has said yes to a decision, the connector does not decide the same task again.
    Source: Abiquo workflow reference, 6.1 (repeating an action is refused)

    Given the connector is at work
    When a user asks for a machine that the connector continues
    Then the connector continues it
    When a later request is decided as well
    Then it was decided once only

  @ABQ-DEC-4 @must @needs.cancel
  Scenario: Each machine of an appliance is decided by itself
    A user deploys a whole appliance. The connector is told of all its tasks in one webhook, and decides each of them by
    itself: what is right for one machine need not be so for another.
    Source: Abiquo workflow reference, 5.2 and 7 (cancelling one task of a batch)

    Given the connector is at work
    When a user deploys an appliance of several machines, not all of which are right
    Then the connector decides each as is right
    And each of the tasks ends as it was decided

  @ABQ-DEC-5 @must
  Scenario: 50 requests at the same time
    Fifty users ask at the same moment, some for what is approved, some for what is not. Each gets the decision that is
    his.
    Source: Abiquo workflow reference, 5.5

    Given the connector is at work
    When 50 users ask at once for machines of every kind
    Then the connector decides each as is right
    And each of them was decided once only

  @ABQ-DEC-6 @should @needs.reasons
  Scenario: A decision says why
    A text in the body of the decision, of Content-Type text/plain, is kept with the task and stands in the event that
    the user sees. A body of any other type is thrown away.
    Source: Abiquo workflow reference, 6.1

    Given the connector is at work
    When a user asks for a machine that the connector continues
    Then the connector continues it
    And the decision says why, as text

  @ABQ-DEC-7 @must
  Scenario: What a human must decide is left to one
    Nothing times out in Abiquo. What the connector leaves to a human waits until somebody decides it, while others go
    on.
    Source: Abiquo workflow reference, 6.1 and 7

    Given the connector is at work
    When a user asks for a machine that the connector leaves to a human
    And a later request is decided as well
    Then it is left open

  @ABQ-DEC-8 @must
  Scenario: Names are any text
    Users give machines the names that they like, with quotes, angle brackets, blanks, letters of any alphabet and
    emoji. Each is decided by its own name.
    Source: Abiquo workflow reference, 3.5 and 4.7

    Given the connector is at work
    When users ask for machines with strange names
    Then the connector decides each as is right
