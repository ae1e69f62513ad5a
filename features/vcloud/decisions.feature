Feature: Decisions on vCloud blocking tasks

  @VCD-DEC-1 @must
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
