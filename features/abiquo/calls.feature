Feature: Calls to Abiquo

  @ABQ-LNK-1.1 @must
  Scenario: The root of the API ends with a slash
    Administrators write the root of the API with a slash at its end, or without.
    Source: Abiquo workflow reference, 1.1 and 5.3

    Given the connector is at work
    And the connector was given the root of the API with a slash at its end
    When users ask for machines of every kind
    Then the connector decides each as is right

  @ABQ-LNK-1.2 @must
  Scenario: Paths in webhooks begin with a slash
    Links in webhooks are paths below the root of the API, without a slash in front, and in some versions with one.
    Resolved as a browser would do it, the latter lose the root.
    Source: Abiquo workflow reference, 5.3 and 9.1 and 9.2

    Given the connector is at work
    And the paths in webhooks begin with a slash
    When users ask for machines of every kind
    Then the connector decides each as is right

  @ABQ-LNK-1.3 @must
  Scenario: The API stands elsewhere
    A proxy may serve the API below another path, at another name of the host. The connector takes the root that it was
    configured with, as it is.
    Source: Abiquo workflow reference, 1.1 and 9.17

    Given a cloud with nothing but Abiquo at its root, below another path and at another name of its host
    And the connector is at work
    When users ask for machines of every kind
    Then the connector decides each as is right
    And each of its calls went below the root that it was given

  @ABQ-LNK-2 @must
  Scenario: Links are taken by their relation
    The connector continues by the link of relation continue, and cancels by that of relation cancel, wherever they
    stand, and whatever other links are called.
    Source: Abiquo workflow reference, 5.3

    Given the connector is at work
    And webhooks hold links of strange relations, in any order
    When users ask for machines of every kind
    Then the connector decides each as is right

  @ABQ-LNK-3 @must
  Scenario: Credentials go nowhere else
    Anybody who reaches the port can send a webhook whose links lead to a host of his own. The connector shows its
    credentials to the cloud that it was configured with, and to nobody else.
    Source: Abiquo workflow reference, 5.2 (no authentication) and 5.3

    Given the connector is at work
    When webhooks come whose links lead to another host
    Then the other host is shown no credentials

  @ABQ-AUT-1.1 @must
  Scenario: It says who it is
    By Basic, by the token or cookie of a login, or by a signature: in every call the connector shows credentials that
    the cloud accepts. One refusal is borne, by which some clients ask what is wanted.
    Source: Abiquo workflow reference, 1.2

    Given the connector is at work
    When a user asks for a machine that the connector continues
    Then the connector continues it
    And the cloud knew who called, with at most one refusal before

  @ABQ-AUT-1.2 @must @needs.oauth
  Scenario: It signs its calls
    A connector that was given a consumer and an access token of OAuth 1.0a signs every call with them, and shows no
    password.
    Source: Abiquo workflow reference, 1.2 (OAuth 1.0a flow)

    Given the connector is at work
    When a user asks for a machine that the connector continues
    Then the connector continues it
    And each of its calls is signed, and none shows a password

  @ABQ-AUT-1.3 @must
  Scenario: Its credentials are refused
    The cloud answers 401 to whatever the connector asks. Only a human can help: the connector writes that down, and
    does not ask again and again. When its calls are accepted again, it goes on. What it writes, the harness does not
    judge.
    Source: Abiquo workflow reference, 1.2 and 1.5

    Given the connector is at work
    And the cloud answers 401 to everything that is asked
    When a user asks for a machine that the connector continues
    Then it does not ask again and again without a pause
    When the cloud answers as always
    Then the connector still decides what is asked for next

  @ABQ-AUT-1.4 @must
  Scenario: Its privileges do not do
    The cloud answers 403 to whatever the connector asks. Only a human can help: the connector writes that down, and
    does not ask again and again. When its calls are accepted again, it goes on. What it writes, the harness does not
    judge.
    Source: Abiquo workflow reference, 1.2 and 1.5

    Given the connector is at work
    And the cloud answers 403 to everything that is asked
    When a user asks for a machine that the connector continues
    Then it does not ask again and again without a pause
    When the cloud answers as always
    Then the connector still decides what is asked for next

  @ABQ-RAC-1.1 @must
  Scenario: Its user cancels first
    Users may cancel what they asked for. The connector's decision comes too late and is refused by 409. It takes that
    calmly, does not try for ever, and goes on.
    Source: Abiquo workflow reference, 6.1

    Given the connector is at work
    When its user cancels while the connector's decision is on its way
    Then the connector takes the refusal calmly
    And the connector decides the next request

  @ABQ-RAC-1.2 @must
  Scenario: A manager continues it first
    A manager may decide as well. The connector's decision comes too late and is refused by 409, as a second one of the
    same kind is, too. It takes that calmly, does not try for ever, and goes on.
    Source: Abiquo workflow reference, 6.1

    Given the connector is at work
    When a manager continues it while the connector's decision is on its way
    Then the connector takes the refusal calmly
    And the connector decides the next request

  @ABQ-RAC-1.3 @must
  Scenario: The task is gone
    The cloud may have dropped the task, as after a webhook that it took for lost. The connector's decision is refused
    by 404. It takes that calmly, does not try for ever, and goes on.
    Source: Abiquo workflow reference, 6.1

    Given the connector is at work
    When the cloud drops it while the connector's decision is on its way
    Then the connector takes the refusal calmly
    And the connector decides the next request

  @ABQ-RAC-1.4 @must
  Scenario: It is over before the connector looks
    The task is cancelled already when the connector's first call arrives. It goes on with the next one.
    Source: Abiquo workflow reference, 4.5 and 6.1

    Given the connector is at work
    When its user cancels before the connector's first call arrives
    Then the connector takes it calmly

  @ABQ-API-1.1 @must
  Scenario: The decision meets 503
    The cloud is not available when the connector decides, and says when to try again. The connector does so, and no
    earlier.
    Source: Abiquo workflow reference, 1.5 (503); RFC 9110, 10.2.3

    Given the connector is at work
    And the connector's next decision meets 503 with Retry-After 2
    When a user asks for a machine that the connector continues
    Then the connector gets through, and decides once
    And the connector's second attempt comes 2 seconds later at the earliest

  @ABQ-API-1.2 @must
  Scenario: Any call meets 503
    The cloud is not available when the connector makes its first call, be it to look or to decide. It tries again.
    Source: Abiquo workflow reference, 1.5 (503); RFC 9110, 10.2.3

    Given the connector is at work
    And the connector's next call meets 503 with Retry-After 1
    When a user asks for a machine that the connector continues
    Then the connector gets through, and decides once

  @ABQ-API-1.3 @must
  Scenario: The connection breaks before the decision arrives
    The connection breaks, and the decision never reached the cloud. The connector makes it again.
    Source: Abiquo workflow reference, 1.5 (503); RFC 9110, 10.2.3

    Given the connector is at work
    And the connection breaks before the connector's next decision arrives
    When a user asks for a machine that the connector continues
    Then the connector gets through, and decides once

  @ABQ-API-1.4 @must
  Scenario: The answer to the decision is lost
    The decision took effect, and the connection breaks before the answer arrives. The connector cannot know that, so it
    may look, or decide once more, which is refused by 409. It takes that calmly, and goes on.
    Source: Abiquo workflow reference, 6.1 (repeating an action is refused)

    Given the connector is at work
    And the answer to the connector's next decision gets lost
    When a user asks for a machine that the connector continues
    Then the decision was taken, and the connector never heard of it
    And the connector takes it calmly

  @ABQ-API-1.5 @must
  Scenario: The decision is never answered
    The cloud takes the decision in, and neither acts nor answers. The connector waits no longer than its patience, and
    decides again.
    Source: Abiquo workflow reference, 1.1; RFC 9110, 9.2.2

    Given the connector is at work
    And the connector's next decision is never answered
    When a user asks for a machine that the connector continues
    Then the connector gets through, and decides once

  @ABQ-API-1.6 @must
  Scenario: A call is never answered
    The same with the first call that it makes, be it to look or to decide.
    Source: Abiquo workflow reference, 1.1

    Given the connector is at work
    And the connector's next call is never answered
    When a user asks for a machine that the connector continues
    Then the connector gets through, and decides once

  @ABQ-API-1.7 @must
  Scenario: One request that cannot be decided holds up no other
    Every decision about one task meets 503. The connector goes on trying, but others are decided meanwhile.
    Source: Abiquo workflow reference, 1.5 (503)

    Given the connector is at work
    And one request meets 503 at every decision about it
    Then the connector still decides what is asked for next
