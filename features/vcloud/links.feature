Feature: Links of vCloud blocking tasks

  @VCD-LNK-1 @should
  Scenario: Actions are found by their links
    The URL of an action is the href of the link of that name in the blocking task, and is not put together from the id:
    the next release may have other URLs. (Here the URLs of objects have a part that no id tells.)
    Source: vCloud API reference, 0.9 and 5.3

    Given a cloud whose URLs cannot be guessed
    And the connector is at work
    When a user asks for what the connector resumes
    Then the connector acts by the link of that name
    And the connector takes "resume"

  @VCD-LNK-2 @should
  Scenario: The blocking task is found by what the cloud tells
    A notification names the blocking task by its id only. The way to its URL leads through the entity resolver, the list
    of blocking tasks or the query service, and not through a pattern into which the id is put.
    Source: vCloud API reference, 5.1, 6.5 and 7

    Given the connector is at work
    When a user asks three times for what the connector resumes
    Then the connector finds each blocking task by what the cloud tells it

  @VCD-LNK-3.1 @must
  Scenario: Strange links
    A document may have links that the connector does not know, in any place and in any order. It takes those that it
    knows, by their whole name.
    Source: vCloud API reference, 0.2 and 0.9

    Given a cloud that adds links, and orders them as it likes
    And the connector is at work
    When 40 users ask for what the connector resumes
    Then the connector takes for each what is right

  @VCD-LNK-3.2 @must
  Scenario: Another root of the API
    The API may stand below another path than /api at the root of its host, and at any of its names: the connector uses
    the URL that it was configured with, and the hrefs as they are.
    Source: vCloud API reference, 0.8 and 1.1

    Given a cloud whose API stands below another path, at another name of its host
    And the connector is at work
    When a user asks for what the connector resumes
    Then the connector takes "resume"
    And it asks for nothing beside that root

  @VCD-LNK-4 @must
  Scenario: What is not offered is not done
    A blocking task that somebody else has decided stays readable for a while, without links to actions. A missing link
    means that the action is not allowed now, so the connector does not try.
    Source: vCloud API reference, 0.9 and 5.3

    Given the connector is at work
    When somebody else fails a request before the connector has read it
    And a later request has been decided
    Then the connector takes no action that is not offered
