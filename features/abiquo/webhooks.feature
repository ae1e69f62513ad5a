Feature: Webhooks of Abiquo

  @ABQ-HOK-1.1 @must
  Scenario: A webhook is answered in time
    The platform waits ten seconds for an answer to its webhook, and if none comes, or none that is a 2xx, the user's
    request fails. The connector answers at once, and decides afterwards; here the cloud answers none of its calls
    before the webhook is answered.
    Source: Abiquo workflow reference, 5.5

    Given the connector is at work
    When a user asks, and the cloud answers none of the connector's calls
    Then the webhook was answered by a 2xx in time
    And the connector continues it

  @ABQ-HOK-1.2 @should
  Scenario: Callers that say nothing keep nobody waiting
    Whoever connects to the webhook's port and sends nothing must not keep the platform's calls out. The connector
    serves several callers at a time.
    Source: Abiquo workflow reference, 5.5

    Given the connector is at work
    And 3 callers are connected to it, and say nothing
    When a user asks for a machine that the connector continues
    Then the connector continues it

  @ABQ-HOK-2.1 @must @needs.json
  Scenario: One task in JSON
    A request about one machine comes as the task itself.
    Source: Abiquo workflow reference, 5.2 and 5.4

    Given the connector is at work
    And webhooks are json
    When users ask for machines of every kind
    Then the connector decides each as is right

  @ABQ-HOK-2.2 @must @needs.json
  Scenario: A list of tasks in JSON
    A list may hold several tasks, or one.
    Source: Abiquo workflow reference, 5.2 and 5.4

    Given the connector is at work
    And webhooks are json, always as lists
    When users ask for machines of every kind
    Then the connector decides each as is right

  @ABQ-HOK-2.3 @must @needs.xml
  Scenario: One task in XML
    A request about one machine comes as the task itself.
    Source: Abiquo workflow reference, 5.2 and 5.4

    Given the connector is at work
    And webhooks are xml
    When users ask for machines of every kind
    Then the connector decides each as is right

  @ABQ-HOK-2.4 @must @needs.xml
  Scenario: A list of tasks in XML
    A list may hold several tasks, or one.
    Source: Abiquo workflow reference, 5.2 and 5.4

    Given the connector is at work
    And webhooks are xml, always as lists
    When users ask for machines of every kind
    Then the connector decides each as is right

  @ABQ-HOK-2.5 @must @needs.json
  Scenario: Tasks in JSON in every way that is right
    Members and attributes come in any order, unknown ones among them, with more links and more jobs than expected,
    timestamps of 0, other white space, other spellings of the same characters, unknown headers. It is the same task.
    Source: Abiquo workflow reference, 2, 4.4, 5.3 and 5.4 (timestamp)

    Given the connector is at work
    And webhooks are json
    And webhooks are written in every way that is right
    When 10 users ask at once for machines of every kind
    Then the connector decides each as is right

  @ABQ-HOK-2.6 @must @needs.xml
  Scenario: Tasks in XML in every way that is right
    Members and attributes come in any order, unknown ones among them, with more links and more jobs than expected,
    timestamps of 0, other white space, other spellings of the same characters, unknown headers. It is the same task.
    Source: Abiquo workflow reference, 2, 4.4, 5.3 and 5.4 (timestamp)

    Given the connector is at work
    And webhooks are xml
    And webhooks are written in every way that is right
    When 10 users ask at once for machines of every kind
    Then the connector decides each as is right

  @ABQ-HOK-3.1 @must
  Scenario: The same webhook twice at the same moment
    A proxy between the platform and the connector may send a request twice. The connector decides once, and what it may
    be told about the second attempt it takes calmly.
    Source: Abiquo workflow reference, 5.5 and 6.1

    Given the connector is at work
    And every webhook comes twice at the same moment
    When a user asks for a machine that the connector continues
    Then the connector continues it
    And both webhooks were answered
    When a later request is decided as well
    Then it was decided once only

  @ABQ-HOK-3.2 @must
  Scenario: A webhook comes again when all is done
    The task is decided long since, and the webhook comes again. Nothing is to be done.
    Source: Abiquo workflow reference, 5.5 and 6.1

    Given the connector is at work
    When a user asks for a machine that the connector continues
    Then the connector continues it
    When the webhook of it comes again
    Then it was decided once only

  @ABQ-HOK-4.1 @must
  Scenario: A webhook is cut off
    A body that ends in the middle is no task. The connector says so by a 4xx, and goes on.
    Source: Abiquo workflow reference, 5.2 and 5.5; RFC 9110, 15.5.1

    Given the connector is at work
    When a webhook comes that is cut off
    Then it is answered by a 4xx
    And the connector decides the next request

  @ABQ-HOK-4.2 @must
  Scenario: A webhook is something else
    A body that is a page of HTML, as proxies make them, is no task. The connector says so by a 4xx, and goes on.
    Source: Abiquo workflow reference, 5.2 and 5.5; RFC 9110, 15.5.1

    Given the connector is at work
    When a webhook comes that is a page of HTML
    Then it is answered by a 4xx
    And the connector decides the next request

  @ABQ-HOK-4.3 @must
  Scenario: A webhook is empty
    A webhook without a body is no task. The connector says so by a 4xx, and goes on.
    Source: Abiquo workflow reference, 5.2 and 5.5; RFC 9110, 15.5.1

    Given the connector is at work
    When a webhook comes that is empty
    Then it is answered by a 4xx
    And the connector decides the next request

  @ABQ-HOK-4.4 @must
  Scenario: A webhook is huge
    A webhook of 64 MB is no task. The connector refuses it, or ends the connection, and goes on.
    Source: Abiquo workflow reference, 5.2; RFC 9110, 15.5.14

    Given the connector is at work
    When a webhook of 64 MB comes
    Then it is answered by a 4xx, or cut off
    And the connector decides the next request

  @ABQ-HOK-4.5 @must
  Scenario: Webhooks that are no tasks
    Well-formed JSON or XML that is no task: numbers, empty lists, members of other types, links without a relation.
    Whatever the connector thinks of them, it gives each an answer that is no 5xx, and goes on.
    Source: Abiquo workflow reference, 5.2; RFC 9110, 15.6

    Given the connector is at work
    When webhooks come that are no tasks
    Then the connector decides the next request
    And the connector runs on

  @ABQ-HOK-5.1 @should
  Scenario: A task that the cloud does not know
    Anybody who reaches the port can send a webhook, and a task may be gone before its webhook is looked at. The cloud
    answers 404 to what is asked about it: the connector leaves it alone and does not try again and again.
    Source: Abiquo workflow reference, 5.2 (no authentication) and 6.1

    Given the connector is at work
    When a webhook tells of a task that the cloud does not know
    Then the connector does not try to decide it again and again
    And the connector decides the next request

  @ABQ-HOK-5.2 @should @needs.cancel
  Scenario: A webhook that lies
    Anybody who reaches the port can send a webhook, also one that names the machine of an approved request for the task
    of another one. The connector believes the cloud, and not the webhook, about which machine a task is for.
    Source: Abiquo workflow reference, 5.2 (no authentication) and 4.6

    Given the connector is at work
    When a webhook names for one task the machine of another
    Then it was not continued
