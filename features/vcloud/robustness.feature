Feature: Robustness on vCloud

  @VCD-ROB-1 @must @slow
  Scenario: A storm of 200 requests
    Two hundred users ask at the same moment. Each request is decided, each once; how fast is not judged as long as it
    goes on.
    Source: vCloud API reference, 11.9

    Given the connector is at work
    When 200 users ask at once for what the connector resumes
    Then each of them is decided, once

  @VCD-ROB-2.1 @must @needs.recovers
  Scenario: Killed after the delivery
    The connector has the message, and is killed before its first request to the cloud gets through.
    Source: vCloud API reference, 11.9; AMQP 0-9-1, basic.ack

    Given the connector is at work
    When a request comes, and it is killed before its first request gets through
    Then after a restart they are decided, each once

  @VCD-ROB-2.2 @must @needs.recovers
  Scenario: Killed at the look-up
    The connector has asked for the blocking task, and is killed before the answer arrives.
    Source: vCloud API reference, 11.9; AMQP 0-9-1, basic.ack

    Given the connector is at work
    When a request comes, and it is killed before the answer to its look-up gets through
    Then after a restart they are decided, each once

  @VCD-ROB-2.3 @must @needs.recovers
  Scenario: Killed before the decision
    The connector has looked, and is killed before its decision reaches the cloud.
    Source: vCloud API reference, 11.9; AMQP 0-9-1, basic.ack

    Given the connector is at work
    When a request comes, and it is killed before its decision gets through
    Then after a restart they are decided, each once

  @VCD-ROB-2.4 @must @needs.recovers
  Scenario: Killed after the decision took effect
    The decision has taken effect, and the connector is killed before it hears so. After a restart it finds the request
    decided, or is refused, takes that calmly, and goes on.
    Source: vCloud API reference, 5.4 and 11.9

    Given the connector is at work
    When a request comes, and it is killed before the answer to its decision gets through
    Then after a restart they are decided, each once

  @VCD-ROB-2.5 @must @needs.recovers
  Scenario: Killed before the acknowledgement
    The request is decided, and the connector is killed before its acknowledgement arrives: the message comes again.
    Source: vCloud API reference, 5.4 and 11.9; AMQP 0-9-1, basic.ack

    Given the connector is at work
    When a request comes, and it is killed before its acknowledgement gets through
    Then after a restart they are decided, each once

  @VCD-ROB-3.1 @should
  Scenario: SIGTERM ends it
    Asked to end, it ends within ten seconds, before whoever asked would have to kill it.
    Source: POSIX, signal.h; systemd.kill

    Given the connector is at work
    When a user asks for what the connector resumes
    Then the connector resumes it in the end
    And asked to end, the connector ends within 10 seconds

  @VCD-ROB-3.2 @should @needs.restart
  Scenario: SIGTERM leaves nothing half done
    It is asked to end while requests are in its hands. What it has not decided by then it has not acknowledged either, or
    it has kept it: after a restart each is decided, once.
    Source: vCloud API reference, 11.9; AMQP 0-9-1, basic.ack

    Given the connector is at work
    When 5 requests come at once, and it is asked to end while a decision is on its way
    Then after a restart they are decided, each once
