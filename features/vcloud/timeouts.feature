Feature: Time-outs of vCloud blocking tasks

  @VCD-TMO-1 @must @needs.update-progress
  Scenario: A long wait is kept alive
    A blocking task that nobody decides is ended by the cloud at its timeoutDate. A connector that waits for a human puts
    that date off by updateProgress, in time and as often as it takes. (The time-out here is as long as a decision may
    take by the profile, and at least four seconds.)
    Source: vCloud API reference, 5.3 and 5.4

    Given the connector is at work
    When a user asks for what waits for a human
    Then the connector keeps it open beyond its time-out

  @VCD-TMO-2.1 @must @needs.update-progress
  Scenario: updateProgress has the right form
    It is sent with a valid BlockingTaskUpdateProgressParams, as
    application/vnd.vmware.admin.blockingTaskUpdateProgressOperationParams+xml: the word Operation stands in the media
    type, and not in the name of the element.
    Source: vCloud API reference, 5.1 and 5.4; schema taskExtensionRequest.xsd

    Given the connector is at work
    When a user asks for what waits for a human
    Then the connector says that it is still there in the right form

  @VCD-TMO-2.2 @must @needs.update-progress
  Scenario: updateProgress puts the time-out off
    An updateProgress without TimeoutValueInMilliseconds changes nothing but the message, and one with zero ends the wait.
    Source: vCloud API reference, 5.4

    Given the connector is at work
    When a user asks for what waits for a human
    Then it says for how long

  @VCD-TMO-2.3 @must @needs.update-progress
  Scenario: updateProgress ends with the wait
    As soon as the connector has learnt that somebody else decided, by reading the task or by one refusal, it sends no
    further updateProgress.
    Source: vCloud API reference, 5.4

    Given the connector is at work
    When a user asks for what waits for a human
    Then it says nothing more when somebody has decided

  @VCD-TMO-3 @should @needs.update-progress
  Scenario: updateProgress is not sent too often
    At most four in one time-out period keep a task alive as well as forty, and leave the cloud in peace.
    Source: vCloud API reference, 5.4

    Given the connector is at work
    When a user asks for what waits for a human
    Then it does not say so too often

  @VCD-TMO-4 @must
  Scenario: A decision comes too late
    The cloud has taken the time-out's action already, so it refuses the decision. The connector does not try for ever,
    and goes on with the next request.
    Source: vCloud API reference, 5.4 (repeat and race semantics)

    Given the connector is at work
    When the time-out ends a request while its decision is on its way
    Then the next request is decided
    And the connector gives up

  @VCD-TMO-5.1 @must
  Scenario: A request is cancelled by its user meanwhile
    A user may cancel a blocked task, so that the cloud refuses the decision. The connector does not try for ever, and
    goes on with the next request.
    Source: vCloud API reference, 4.3 and 5.4

    Given the connector is at work
    When a user cancels a request while its decision is on its way
    Then the next request is decided
    And the connector gives up

  @VCD-TMO-5.2 @must
  Scenario: A request is decided by another administrator meanwhile
    A blocking task can be decided by any administrator, so that the cloud refuses the connector's own decision. The
    connector does not try for ever, and goes on with the next request.
    Source: vCloud API reference, 5.4 (repeat and race semantics)

    Given the connector is at work
    When another administrator declines a request while its decision is on its way
    Then the next request is decided
    And the connector gives up
