Feature: Decisions on vCloud blocking tasks

  @VCD-DEC-1 @must @needs.resume
  Scenario: An approved request goes on
    What the connector approves, it resumes, and the user's task then succeeds.
    Source: vCloud API reference, 5.4

    Given the connector is at work
    When a user asks for what the connector resumes
    Then the connector takes "resume"
    And the task succeeds

  @VCD-DEC-2 @must @needs.abort
  Scenario: A declined request is aborted
    What the connector declines, it aborts. To fail it would tell the user that something broke, and leave a vApp in
    error behind.
    Source: vCloud API reference, 5.4

    Given the connector is at work
    When a user asks for what the connector aborts
    Then the connector takes "abort"
    And the task is aborted

  @VCD-DEC-3 @must @needs.fail
  Scenario: A broken precondition fails the request
    Where the connector finds that the request cannot work, it fails the task, so that the user sees an error and what
    was made so far. To abort it would look as if somebody had declined.
    Source: vCloud API reference, 5.4

    Given the connector is at work
    When a user asks for what the connector fails
    Then the connector takes "fail"
    And the task ends in error

  @VCD-DEC-4.1 @must
  Scenario: The body of a decision is valid
    Resume, abort and fail are sent with a BlockingTaskOperationParams: the element and its one Message both stand in the
    namespace http://www.vmware.com/vcloud/extension/v1.5, under whatever prefix, and nothing else is in it.
    Source: vCloud API reference, 5.4; schema taskExtensionRequest.xsd

    Given the connector is at work
    When users ask for everything that the connector decides
    Then the connector takes for each what is right
    And the body of each decision is a valid BlockingTaskOperationParams

  @VCD-DEC-4.2 @must
  Scenario: The body of a decision has its own media type
    Resume, abort and fail are sent as application/vnd.vmware.admin.blockingTaskOperationParams+xml, in whatever letters
    and with whatever parameters.
    Source: vCloud API reference, 5.1

    Given the connector is at work
    When users ask for everything that the connector decides
    Then the connector takes for each what is right
    And the Content-Type of each decision is that of BlockingTaskOperationParams

  @VCD-DEC-5 @should
  Scenario: A decision says why
    The Message of a decision is what the user reads in the task. An empty one leaves the user with nothing.
    Source: vCloud API reference, 5.4

    Given the connector is at work
    When users ask for everything that the connector decides
    Then the connector takes for each what is right
    And the Message of each decision says something

  @VCD-DEC-6 @must
  Scenario: A request is decided once
    As soon as the cloud has answered a decision with 2xx, the connector makes no further attempt to decide the task.
    Source: vCloud API reference, 5.4

    Given the connector is at work
    When users ask for everything that the connector decides
    Then the connector takes for each what is right
    When a later request has been decided
    Then each was decided once

  @VCD-DEC-7 @must
  Scenario: Fifty requests at the same time
    However many requests wait at the same time, each gets its own decision and not that of another.
    Source: vCloud API reference, 5.4

    Given the connector is at work
    When 50 users ask at the same time for this and that
    Then the connector takes for each what is right
    And each task ends as it was decided

  @VCD-DEC-8 @must
  Scenario: The same name in two organizations
    A name is unique within an organization only. Two requests for the same name in two organizations are two requests:
    both are decided, each for itself and each once.
    Source: vCloud API reference, 0.8 and 5.3

    Given the connector is at work
    When users of two organizations ask for the same name at the same time
    Then the connector takes for each what is right
    And each task ends as it was decided
    When a later request has been decided
    Then each was decided once

  @VCD-DEC-9.1 @must
  Scenario: Names with markup
    A name may hold <, >, &, " and ', and even what looks like an entity. Such requests are decided as all others.
    Source: vCloud API reference, 0.2 and 5.4

    Given the connector is at work
    When users ask for names with markup
    Then the connector takes for each what is right
    And each task ends as it was decided

  @VCD-DEC-9.2 @must
  Scenario: Names beyond ASCII
    A name may hold any letters, and characters outside of the Basic Multilingual Plane such as emoji. Such requests are
    decided as all others.
    Source: vCloud API reference, 0.2 and 0.4

    Given the connector is at work
    When users ask for names with letters and signs from all over the world
    Then the connector takes for each what is right
    And each task ends as it was decided

  @VCD-DEC-9.3 @must
  Scenario: Names of full length
    A name may be 128 characters long. Such requests are decided as all others.
    Source: vCloud API reference, 3.3

    Given the connector is at work
    When users ask for names with 128 characters
    Then the connector takes for each what is right
    And each task ends as it was decided

  @VCD-DEC-10 @must @needs.replace
  Scenario: A request is replaced by another
    A connector that declines a request and asks for something else in its place makes a request that can block as well.
    It lets that one go on, and does not replace it in turn: otherwise the two of them never end.
    Source: vCloud API reference, 5.4 and 6.8

    Given the connector is at work
    When a user asks for what the connector replaces
    Then the connector takes "abort"
    And the task is aborted
    And the connector asks for something else, which comes to a good end
    When a later request has been decided
    Then it has asked for nothing more

  @VCD-DEC-11.1 @must @needs.operations
  Scenario: Other operations are handled
    Not only new vApps block: of what else can, the connector handles what it says that it handles, in the way it says.
    Source: vCloud API reference, 4.4

    Given the connector is at work
    When a user asks for each operation that the connector handles
    Then the connector takes for each what is right
    And each task ends as it was decided

  @VCD-DEC-11.2 @must @needs.operations
  Scenario: Operations of others are left alone
    What is not the connector's business, somebody else decides: the connector takes no action on it at all.
    Source: vCloud API reference, 4.4

    Given the connector is at work
    When a user asks for each operation that the connector leaves alone
    And a later request has been decided
    Then each stays as it is
