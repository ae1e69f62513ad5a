Feature: Sessions and calls on vCloud's API

  @VCD-SES-1.1 @must
  Scenario: It logs in, and then shows its session
    A connector logs in once by POST to the sessions URL, with its user, organization and password as Basic credentials.
    Every later request carries the token of that session, and the password no more.
    Source: vCloud API reference, 1.2 and 0.4

    Given the connector has just started
    When a user asks for what the connector resumes
    Then it has logged in as the protocol says
    And its other requests carry a token, and no password
    And the connector takes "resume"

  @VCD-SES-1.2 @must
  Scenario: Every request names the API's version
    The header Accept of each request names the version of the API that the connector speaks; only the list of versions
    may be asked for without. A cloud refuses a request without it, or answers in a form that nobody expects.
    Source: vCloud API reference, 0.4 and 0.5

    Given the connector has just started
    When a user asks for what the connector resumes
    Then the connector takes "resume"
    And each of its requests names a version in Accept

  @VCD-SES-2.1 @must
  Scenario: The session ends before it reads, and a 403 says so
    A session ends when it was idle for too long, or when the cloud restarts. Up to API version 5.5 a request with the
    token of such a session is answered by 403. The connector logs in again, and decides.
    Source: vCloud API reference, 0.6, and pitfall 7 of 11

    Given the connector is at work, and told of its session's end by 403
    And its session ends at its next GET
    When a user asks for what the connector resumes
    Then it gets through, and takes "resume" once

  @VCD-SES-2.2 @must
  Scenario: The session ends before it reads, and a 401 says so
    From API version 5.6 on, and on some older clouds too, the answer to the token of a session that has ended is 401.
    The connector logs in again, and decides.
    Source: vCloud API reference, 0.6, and pitfall 7 of 11

    Given the connector is at work, and told of its session's end by 401
    And its session ends at its next GET
    When a user asks for what the connector resumes
    Then it gets through, and takes "resume" once

  @VCD-SES-2.3 @must
  Scenario: The session ends before it decides, and a 403 says so
    The same, with the session ending between the look at the blocking task and the decision about it. A 403 to a
    decision need not mean that somebody else has decided.
    Source: vCloud API reference, 0.6, and pitfall 7 of 11

    Given the connector is at work, and told of its session's end by 403
    And its session ends at its next decision
    When a user asks for what the connector resumes
    Then it gets through, and takes "resume" once

  @VCD-SES-2.4 @must
  Scenario: The session ends before it decides, and a 401 says so
    The same, with an answer of 401.
    Source: vCloud API reference, 0.6, and pitfall 7 of 11

    Given the connector is at work, and told of its session's end by 401
    And its session ends at its next decision
    When a user asks for what the connector resumes
    Then it gets through, and takes "resume" once

  @VCD-SES-3.1 @must
  Scenario: A decision that the cloud has no time for is made again
    The cloud answers a decision by 503 with Retry-After. The request had no effect, so the connector makes it again.
    Source: vCloud API reference, 0.6

    Given the connector is at work
    And its next decision is answered by 503 with Retry-After 1
    When a user asks for what the connector resumes
    Then it gets through, and takes "resume" once

  @VCD-SES-3.2 @must
  Scenario: It tries again no earlier than it was told
    Retry-After says how many seconds a connector must wait. One that comes back earlier helps to keep the cloud down.
    Source: vCloud API reference, 0.6; RFC 9110, 10.2.3

    Given the connector is at work
    And its next decision is answered by 503 with Retry-After 2
    When a user asks for what the connector resumes
    Then it tries again after 2 seconds at the earliest

  @VCD-SES-3.3 @must
  Scenario: A decision that never succeeds does not hold up the others
    A decision that is answered by 503 again and again is not tried for ever at the cost of all others: what another
    user asks for meanwhile is decided.
    Source: vCloud API reference, 0.6

    Given the connector is at work
    When a user's request meets 503 at every decision about it
    And another user asks for what the connector resumes
    Then the other request is decided before the connector's patience ends

  @VCD-SES-3.4 @must @needs.restart
  Scenario: A login that the cloud has no time for is made again
    The cloud answers the login by 503 with Retry-After when the connector starts. The connector stays, and logs in
    when it can.
    Source: vCloud API reference, 0.6 and 1.2

    Given the connector is at work
    And the next login is answered by 503 with Retry-After 1
    When the connector is started again
    And a user asks for what the connector resumes
    Then it gets through, and takes "resume" once

  @VCD-SES-4.1 @must
  Scenario: The answer to a decision is lost
    The decision took effect, and the connection breaks before the answer arrives. The connector cannot know that, so
    it may look, or decide the same once more; but when it has learnt that the request is decided, it leaves it alone.
    Source: vCloud API reference, 5.4, repeat and race semantics

    Given the connector is at work
    And the answer to its next decision is lost
    When a user asks for what the connector resumes
    Then the decision took effect, and its answer was lost
    And a later request is decided
    And it left the first one alone once it knew

  @VCD-SES-4.2 @must
  Scenario: The answer to a decision is lost, and the blocking task is gone
    As before, and the cloud shows the blocking task no more, so that whatever the connector asks about it is refused.
    It takes that calmly, and goes on with the next request.
    Source: vCloud API reference, 5.3 and 5.4, and pitfalls 7 and 13 of 11

    Given the connector is at work
    And blocking tasks are gone as soon as they are decided
    And the answer to its next decision is lost
    When a user asks for what the connector resumes
    Then the decision took effect, and its answer was lost
    And a later request is decided
    And the connector still runs

  @VCD-SES-4.3 @must
  Scenario: The connection breaks before a decision arrives
    The connection breaks, and the decision never reached the cloud. The connector makes it again.
    Source: vCloud API reference, 5.4, repeat and race semantics

    Given the connector is at work
    And the connection breaks before its next decision arrives
    When a user asks for what the connector resumes
    Then it gets through, and takes "resume" once

  @VCD-SES-5.1 @should
  Scenario: One session serves many requests
    A login costs the cloud far more than any other request. A connector keeps its session, and does not log in for
    every blocking task.
    Source: vCloud API reference, 1.2 and 1.3

    Given the connector is at work
    When 20 requests are decided, 5 at a time
    Then it logged in fewer than 10 times

  @VCD-SES-5.2 @should
  Scenario: It leaves no sessions behind
    A cloud keeps a session until its client logs out or was idle for long. What a connector opens beyond its one
    session, it also ends.
    Source: vCloud API reference, 1.3

    Given the connector is at work
    When 200 requests are decided, 10 at a time
    Then it left fewer than 20 sessions open

  @VCD-SES-5.3 @should
  Scenario: It leaves no connections open
    Connections are kept and used again, or closed. A connector that forgets them comes to an end when it has no more
    file descriptors, and so may the cloud.
    Source: RFC 9112, 9.3 and 9.4

    Given the connector is at work
    When 200 requests are decided, 10 at a time
    Then fewer than 50 more connections are open than before

  @VCD-SES-6.1 @must
  Scenario: An answer to a look-up never comes
    The cloud takes the request, and never answers. The connector waits for it no longer than its patience, and decides.
    Source: vCloud API reference, 0.6 (gateway timeout)

    Given the connector is at work
    And its next GET is never answered
    When a user asks for what the connector resumes
    Then it gets through, and takes "resume" once

  @VCD-SES-6.2 @must
  Scenario: An answer to a decision never comes
    The same with the decision, which does not reach the cloud.
    Source: vCloud API reference, 0.6 (gateway timeout)

    Given the connector is at work
    And its next decision is never answered
    When a user asks for what the connector resumes
    Then it gets through, and takes "resume" once

  @VCD-SES-6.3 @must
  Scenario: An answer trickles in
    The answer comes byte by byte, and would take an hour. A time-out that begins anew with each byte does not help: the
    connector bounds the time that the whole answer may take.
    Source: vCloud API reference, 0.6 (gateway timeout)

    Given the connector is at work
    And the answer to its next GET trickles in
    When a user asks for what the connector resumes
    Then it gets through, and takes "resume" once
