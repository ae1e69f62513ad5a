Feature: Notifications of vCloud blocking tasks

  @VCD-NOT-1.1 @must
  Scenario: Other events decide nothing
    Only blockingtask/create asks for a decision. That a task was started, resumed or reviewed, in events of today or of
    a later version, is no reason to act on a blocking task: what such an event names may be in somebody else's hands.
    Source: vCloud API reference, 6.7 and 6.8

    Given the connector is at work
    When the cloud tells of other events about a request that it did not announce
    Then nothing is decided because of them

  @VCD-NOT-1.2 @must
  Scenario: Other events are acknowledged
    What a connector does not care about it acknowledges as well: events of other types, types that it does not know,
    and a message of an unknown type under the routing key that it waits for. Else they pile up, or come for ever.
    Source: vCloud API reference, 6.3 and 6.7; AMQP 0-9-1, basic.ack

    Given the connector is at work
    When the cloud tells of other events about a request that it did not announce
    Then the messages of these events are settled
    When a message of an unknown type comes under the routing key of a blocking task's creation
    Then the strange messages are settled
    And the next request is decided

  @VCD-NOT-2.1 @must @needs.restart
  Scenario: No message is acknowledged before its request is decided
    A message is acknowledged when the decision is made, or when the connector has kept it where it outlives a crash (its
    own store, or the cloud's list, which it then reads at its start). Five requests come at once, and the connector is
    killed in its work on the first: after a restart all five are decided.
    Source: vCloud API reference, 11.9; AMQP 0-9-1, basic.ack

    Given the connector is at work
    When 5 requests come at once, and it is killed before its first request about them gets through
    Then after a restart they are decided, each once

  @VCD-NOT-2.2 @must @needs.restart
  Scenario: An acknowledgement is for one message, not for those before it
    While one decision hangs, the next request is decided and acknowledged. That must not acknowledge the first message
    along with it, as the bit "multiple" does: killed then, the connector decides the first one after a restart.
    Source: AMQP 0-9-1, basic.ack

    Given the connector is at work
    When it is killed while one decision hangs, after another request was decided
    Then after a restart they are decided, each once

  @VCD-NOT-3.1 @must
  Scenario: A message that comes twice at once
    Delivery is at least once, and copies may come so close that both are worked on. The request is decided, the refusal
    of a second attempt (its blocking task may be gone by then) is taken calmly, and both messages are acknowledged.
    Source: vCloud API reference, 5.4 and 11.9

    Given the connector is at work
    And blocking tasks are gone as soon as they are decided
    And messages come twice
    When a user asks for what the connector resumes
    Then the connector resumes it in the end
    And both messages are settled
    And the request is decided once
    And the next request is decided

  @VCD-NOT-3.2 @must
  Scenario: An event that comes again after the decision
    Cells of a cloud send an event again when they are not sure. The request is decided already, and is not decided
    again: to read that it is, or to remember it, is enough.
    Source: vCloud API reference, 11.9

    Given the connector is at work
    When a user asks for what the connector resumes
    Then the connector resumes it in the end
    When the event of the request is sent again
    Then both messages are settled
    And the next request is decided
    And the request is decided once

  @VCD-NOT-4.1 @must
  Scenario: A malformed message stops nothing
    Its body is cut off, empty, HTML or no UTF-8, its headers are missing or of wrong types, its content type is another
    one, or it names a blocking task that cannot be: the connector goes on with the next message.
    Source: vCloud API reference, 6.4 to 6.6

    Given the connector is at work
    When malformed messages come, and a request after each
    Then each of these requests is decided

  @VCD-NOT-4.2 @must
  Scenario: A malformed message does not come for ever
    A message that cannot be understood now will not be understood later: it is acknowledged or thrown away, not put back
    into the queue, from where it would come at once, again and again.
    Source: AMQP 0-9-1, basic.reject; vCloud API reference, 11.13

    Given the connector is at work
    When malformed messages come
    Then the strange messages are settled

  @VCD-NOT-5.1 @must
  Scenario: XML that is written in another way
    Namespace prefixes, the order of attributes and of entity links, and quotes are the cloud's choice, in messages as in
    documents. The connector reads XML as XML.
    Source: vCloud API reference, 0.1 and 6.5; Namespaces in XML

    Given the connector is at work
    And a cloud that chooses prefixes and orders anew
    When 6 users ask, one after the other, for what the connector resumes
    Then each of them is decided, once

  @VCD-NOT-5.2 @must
  Scenario: Content that the connector does not know
    Further elements, attributes, headers and members, and ids of any shape: they are there to be ignored.
    Source: vCloud API reference, 0.2, 6.4 and 6.5

    Given the connector is at work
    And a cloud that adds elements, attributes and headers
    When 6 users ask, one after the other, for what the connector resumes
    Then each of them is decided, once

  @VCD-NOT-5.3 @must
  Scenario: Another spelling of the same text
    White space, line ends, the spelling of the XML declaration, character references and escapes: the text is the same.
    Source: XML 1.0; RFC 8259

    Given the connector is at work
    And a cloud that chooses white space and encodings anew
    When 6 users ask, one after the other, for what the connector resumes
    Then each of them is decided, once

  @VCD-NOT-6.1 @must
  Scenario: The broker connection breaks before a message arrives
    The connection is reset when the message is about to arrive. The connector connects anew, and decides the request.
    Source: vCloud API reference, 11.9; AMQP 0-9-1, connection

    Given the connector is at work
    When a user asks, and the broker connection breaks as the message arrives
    Then the connector resumes it in the end
    And the next request is decided

  @VCD-NOT-6.2 @must
  Scenario: The broker connection breaks at an acknowledgement
    The request is decided, and the connection is reset before the acknowledgement arrives, so that the message comes
    again over the next one. The connector acknowledges it there, and does not decide again.
    Source: vCloud API reference, 11.9; AMQP 0-9-1, basic.deliver

    Given the connector is at work
    When a user asks, and the broker connection breaks as the message is acknowledged
    Then the connector resumes it in the end
    And its messages are settled
    And the next request is decided
    And the request is decided once

  @VCD-NOT-7.1 @must @slow @needs.broker-restart
  Scenario: The broker is away at the start
    Machines come up in any order. A connector that cannot connect for ten seconds waits and tries again; it does not end.
    Source: vCloud API reference, 6.2

    Given a broker that is away
    When the connector is started, and the broker comes after 10 seconds
    Then the connector consumes again
    And the next request is decided

  @VCD-NOT-7.2 @must @slow @needs.broker-restart
  Scenario: The broker is away for a while
    A broker that is restarted is away for ten seconds and more. The connector waits, comes back, and decides.
    Source: vCloud API reference, 6.2

    Given the connector is at work
    When the broker is away for 10 seconds
    Then the connector consumes again
    And the next request is decided

  @VCD-NOT-8.1 @must
  Scenario: The message is faster than the cloud's own view, which answers 403
    A message may arrive before the API shows what it tells of. For half a second the blocking task is refused with 403;
    the connector tries again and decides.
    Source: vCloud API reference, 0.6 and 11.8

    Given the connector is at work
    When a request is announced half a second before the API shows it, and answers 403 until then
    Then the connector resumes it in the end

  @VCD-NOT-8.2 @must
  Scenario: The message is faster than the cloud's own view, which answers 404
    As with 403: some versions answer 404 for what is not there yet.
    Source: vCloud API reference, 0.6 and 11.8

    Given the connector is at work
    When a request is announced half a second before the API shows it, and answers 404 until then
    Then the connector resumes it in the end

  @VCD-NOT-9 @must
  Scenario: The blocking task is gone when it is looked for
    A message may have waited for so long that its blocking task has timed out. The API answers 403 for ever: the
    connector gives up, acknowledges the message, and decides the next request.
    Source: vCloud API reference, 5.4 and 11.13

    Given the connector is at work
    When a request is announced that the API never shows
    Then its messages are settled
    And the next request is decided

  @VCD-NOT-10 @should @needs.list
  Scenario: Requests from before the start are found in the list
    What was blocked while the connector did not run and its queue did not exist was announced to nobody. The list of
    blocking tasks holds it, and the connector reads that when it starts.
    Source: vCloud API reference, 5.2 and 6.2

    Given the connector is at work
    When a request is blocked while the connector is not running, and nothing announces it
    And the connector is started again
    Then the connector resumes it in the end

  @VCD-NOT-11 @should
  Scenario: The prefetch is bounded
    Without a bound the broker hands out its whole queue at once: a thousand requests to one connector, and nothing to
    another one beside it. The bound (basic.qos) is at most 1000, and messages are acknowledged, without which it means
    nothing.
    Source: AMQP 0-9-1, basic.qos

    Given the connector is at work
    When a user asks for what the connector resumes
    Then the connector resumes it in the end
    And it consumes with a bound on its prefetch

  @VCD-NOT-12 @should @slow
  Scenario: Heartbeats are answered during a slow decision
    The broker asks for a heartbeat every two seconds, and the cloud answers so slowly that a decision takes more than
    twice as long. A consumer that decides in the thread that speaks to the broker falls silent and is cut off, and its
    message comes again. To turn heartbeats off is no way out: a connection that is dead is then never noticed.
    Source: AMQP 0-9-1, 4.2.7

    Given a broker that asks for a heartbeat every 2 seconds
    And the connector is at work
    When a request is decided slowly
    Then it was never silent for longer than the broker allows

  @VCD-NOT-13 @should
  Scenario: A broker that blocks publishers stops no consumer
    A broker that is short of memory says connection.blocked. It still delivers: requests are decided meanwhile, and
    afterwards.
    Source: RabbitMQ, Blocked Connection Notifications

    Given the connector is at work
    And the broker says that connections are blocked
    When a user asks for what the connector resumes
    Then the connector resumes it in the end
    When the broker says that connections are not blocked any more
    Then the next request is decided
