Feature: Security of vCloud connectors

  @VCD-SEC-1.1 @must
  Scenario: A notification cannot make it fetch anything
    Whoever may publish to the broker can send XML with a document type, external entities, or inclusions that name a
    URL. A connector that fetches them can be made to call any server that it reaches. It fetches nothing.
    Source: vCloud API reference, 6.5; W3C XML 1.0, 4.2.2 and 4.4

    Given the connector is at work
    When a notification names URLs in a document type, in entities and in inclusions
    Then none of them is fetched

  @VCD-SEC-1.2 @must
  Scenario: A notification cannot make it read a file
    An external entity may name a file of the connector's machine. Its content must never turn up in what the connector
    sends.
    Source: vCloud API reference, 6.5; W3C XML 1.0, 4.2.2 and 4.4

    Given the connector is at work
    When a notification names a file in its entities
    Then nothing that the connector sends holds what is in the file

  @VCD-SEC-1.3 @must
  Scenario: A notification cannot use up its memory
    Entities that are made of entities let a message of one kilobyte grow to a quarter of a gigabyte. The connector
    refuses them or leaves them alone, and its memory does not grow with them. Where the harness cannot see how much
    memory a connector uses, this is not applicable.
    Source: vCloud API reference, 6.5; W3C XML 1.0, 4.4

    Given the connector is at work
    When a notification holds entities that would grow to 256 MB
    Then its memory has not grown by 150 MB

  @VCD-SEC-2 @must
  Scenario: A notification cannot make it log in elsewhere
    The links of a notification lead where its sender wants them to. A connector shows its password and its token to the
    cloud that it was configured with, and to nobody else.
    Source: vCloud API reference, 6.5 and 10

    Given the connector is at work
    When the links of a notification lead to another host
    Then that host is shown no credentials

  @VCD-SEC-3.1 @should @needs.tls
  Scenario: It refuses a certificate of an authority that it does not trust
    With TLS the connector is given the authority that the cloud's certificate comes from. A server whose certificate
    comes from another one may be anybody: the connector ends the connection before it says anything.
    Source: vCloud API reference, 1.2 (credentials on login); RFC 5280, 6

    Given the connector works for a cloud with TLS
    When it is sent to a server whose certificate comes from another authority
    Then it ends the connection before it says anything

  @VCD-SEC-3.2 @should @needs.tls
  Scenario: It refuses the certificate of another host
    A certificate of the right authority that was issued to another host proves nothing either.
    Source: vCloud API reference, 1.2 (credentials on login); RFC 9110, 4.3.4

    Given the connector works for a cloud with TLS
    When it is sent to a server whose certificate is that of another host
    Then it ends the connection before it says anything
