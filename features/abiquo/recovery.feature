Feature: Recovery and robustness on Abiquo

  @ABQ-REC-1.1 @should @needs.pending-list
  Scenario: What waited before it started is found
    A webhook is sent once. What the connector was told of before it was restarted, or what somebody else took in its
    place, stands in the lists of pending tasks, and there the connector finds it when it starts.
    Source: Abiquo workflow reference, 5.5 (no retry) and 6.3

    Given 3 requests wait that the connector was not told of
    When the connector starts
    Then the connector finds and decides each of them

  @ABQ-REC-1.2 @should @needs.pending-list
  Scenario: More waits than fits on a page
    A list holds 25 tasks unless more are asked for, and has no link to the next page; totalSize tells how many there
    are. The connector finds them all.
    Source: Abiquo workflow reference, 2.1 and 6.3

    Given 60 requests wait that the connector was not told of
    When the connector starts
    Then the connector finds and decides each of them

  @ABQ-SEC-1.1 @must @needs.xml
  Scenario: A webhook cannot make it fetch anything
    XML with a document type or external entities can make a parser call any server that it reaches. The connector
    fetches nothing.
    Source: Abiquo workflow reference, 5.2 (no authentication); W3C XML 1.0, 4.2.2 and 4.4

    Given the connector is at work
    When a webhook in XML names URLs in a document type and in entities
    Then the connector fetches none of them

  @ABQ-SEC-1.2 @must @needs.xml
  Scenario: Entities cannot use up its memory
    Entities that are made of entities let a webhook of one kilobyte grow to a quarter of a gigabyte. The connector
    refuses them or leaves them alone. Where the harness cannot see how much memory a connector uses, this is not
    applicable.
    Source: Abiquo workflow reference, 5.2 (no authentication); W3C XML 1.0, 4.4

    Given the connector is at work
    When a webhook in XML holds entities that would grow to 256 MB
    Then the connector's memory has not grown by 150 MB

  @ABQ-SEC-1.3 @must @needs.json
  Scenario: JSON that is nested without end
    Two hundred thousand lists in one another overflow the stack of careless parsers. The connector gives the webhook an
    answer that is no 5xx, and goes on.
    Source: Abiquo workflow reference, 5.2 (no authentication); RFC 8259, 9

    Given the connector is at work
    When a webhook of JSON comes that is nested without end
    Then it is answered by what is no 5xx
    And the connector decides the next request

  @ABQ-SEC-1.4 @must
  Scenario: A huge webhook cannot use up its memory
    The connector does not take a webhook of 256 MB into its memory. Where the harness cannot see how much it uses, this
    is not applicable.
    Source: Abiquo workflow reference, 5.2 (no authentication)

    Given the connector is at work
    When a webhook of 256 MB comes
    Then the connector's memory has not grown by 150 MB

  @ABQ-ROB-1 @must @slow
  Scenario: A storm of 200 requests
    Two hundred users ask within a moment. Each request is decided, each once; how fast is not judged as long as it goes
    on.
    Source: Abiquo workflow reference, 5.5

    Given the connector is at work
    When 200 users ask within a moment
    Then the connector decides them all, each once

  @ABQ-ROB-2.1 @must @needs.recovers
  Scenario: Killed before its first call
    The connector has answered the webhook, and is killed before its first call to the cloud gets through. What it had
    not answered, its user was told of.
    Source: Abiquo workflow reference, 5.5 and 6.3

    Given the connector is at work
    When a user asks, and the connector is killed before its first call gets through
    Then started again, it decides what still waits, each once

  @ABQ-ROB-2.2 @must @needs.recovers
  Scenario: Killed before the decision
    The connector has looked, and is killed before its decision reaches the cloud. What it had not answered, its user
    was told of.
    Source: Abiquo workflow reference, 5.5 and 6.3

    Given the connector is at work
    When a user asks, and the connector is killed before its decision gets through
    Then started again, it decides what still waits, each once

  @ABQ-ROB-2.3 @must @needs.recovers
  Scenario: Killed after the decision took effect
    The decision has taken effect, and the connector is killed before it hears so. After a restart it finds the task
    decided, or is refused, takes that calmly, and goes on. What it had not answered, its user was told of.
    Source: Abiquo workflow reference, 5.5 and 6.3

    Given the connector is at work
    When a user asks, and the connector is killed before the answer to its decision gets through
    Then started again, it decides what still waits, each once

  @ABQ-ROB-3.1 @must
  Scenario: SIGTERM ends it
    Asked to end, it ends within ten seconds, before whoever asked would have to kill it.
    Source: POSIX, signal.h; systemd.kill

    Given the connector is at work
    When a user asks for a machine that the connector continues
    Then the connector continues it
    And told to end, the connector is gone within 10 seconds

  @ABQ-ROB-3.2 @must @needs.restart
  Scenario: SIGTERM leaves nothing half done
    It is asked to end while requests are in its hands. After a restart each is decided, once.
    Source: Abiquo workflow reference, 5.5 and 6.3

    Given the connector is at work
    When 20 users ask, and the connector is told to end while it decides
    Then started again, it decides what still waits, each once
