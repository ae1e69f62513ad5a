"""The system settings that are only kept and shown again (reference, section 2.6).

Each row is an element of the published schema, in its order: what it holds at first, and the version that it came with.
The cloud's behaviour does not depend on any of them.
"""

from __future__ import annotations

from gatepost.vcloud.names import V, admin_type
from gatepost.vcloud.sections import Group, Kind, Section, Setting, fixed, flag, number, text, unset

GENERAL = Section(
    "GeneralSettings",
    "GeneralSettings",
    admin_type("generalSettings"),
    "general",
    (
        number("AbsoluteSessionTimeoutMinutes", 1440),
        number("ActivityLogDisplayDays", 30),
        number("ActivityLogKeepDays", 90),
        flag("AllowOverlappingExtNets"),
        number("ChargebackEventsKeepDays", 365, optional=True),
        number("ChargebackTablesCleanupJobTimeInSeconds", 10_800, optional=True),
        text("ConsoleProxyExternalAddress"),
        number("HostCheckDelayInSeconds", 300),
        number("HostCheckTimeoutSeconds", 30),
        fixed("InstallationId", Kind.INT, "1"),
        number("IpReservationTimeoutSeconds", 7_200),
        Group(
            "SyslogServerSettings",
            (unset("SyslogServerIp1", Kind.TEXT), unset("SyslogServerIp2", Kind.TEXT)),
            optional=True,
            inside=V,
        ),
        flag("LoginNameOnly", optional=True),
        flag("PrePopDefaultName", True),
        flag("QuarantineEnabled"),
        number("QuarantineResponseTimeoutSeconds", 21_600),
        text("RestApiBaseHttpUri", since="5.6"),
        text("RestApiBaseUri"),
        text("RestApiBaseUriPublicCertChain", since="5.6"),
        number("SessionTimeoutMinutes", 30),
        flag("ShowStackTraces"),
        Setting("SyncStartDate", Kind.MOMENT, "2014-01-01T00:00:00.000Z"),
        Setting("SyncIntervalInHours", Kind.LONG, "24"),
        text("SystemExternalHttpAddress", since="5.6"),
        text("SystemExternalAddress"),
        text("SystemExternalAddressPublicCertChain", since="5.6"),
        text("TenantPortalExternalHttpAddress", since="27.0"),
        text("TenantPortalExternalAddress", since="27.0"),
        text("TenantPortalPublicCertChain", since="27.0"),
        number("TransferSessionTimeoutSeconds", 3_600),
        flag("VerifyVcCertificates"),
        unset("VcTruststorePassword", Kind.SECRET),
        unset("VcTruststoreContents", Kind.SECRET),
        text("VcTruststoreType", "JCEKS"),
        flag("VerifyVsmCertificates", optional=True),
        flag("ElasticAllocationPool", optional=True),
        number("MaxVdcQuota", -1, optional=True, since="6.0"),
        flag("SubInterfacesEnabled", optional=True, since="11.0"),
        flag("AllowFipsModeForEdgeGateways", optional=True, since="30.0"),
    ),
)

LDAP = Section(
    "LdapSettings",
    "LdapSettings",
    admin_type("ldapSettings"),
    "ldapSettings",
    (
        text("HostName"),
        number("Port", 389),
        flag("IsSsl"),
        flag("IsSslAcceptAll"),
        text("Realm"),
        flag("PagedSearchDisabled"),
        number("PageSize", 200, optional=True),
        number("MaxResults", 200, optional=True),
        number("MaxUserGroups", 1015, optional=True),
        text("SearchBase"),
        text("UserName"),
        unset("Password", Kind.SECRET),
        text("AuthenticationMechanism", "SIMPLE", optional=False),
        text("GroupSearchBase"),
        flag("IsGroupSearchBaseEnabled"),
        text("ConnectorType", "ACTIVE_DIRECTORY", optional=False),
        Group(
            "UserAttributes",
            (
                text("ObjectClass", "user", optional=False),
                text("ObjectIdentifier", "objectGuid", optional=False),
                text("UserName", "sAMAccountName", optional=False),
                text("Email", "mail", optional=False),
                text("FullName", "displayName", optional=False),
                text("GivenName", "givenName", optional=False),
                text("Surname", "sn", optional=False),
                text("Telephone", "telephoneNumber", optional=False),
                text("GroupMembershipIdentifier", "dn", optional=False),
                text("GroupBackLinkIdentifier", "tokenGroups"),
            ),
        ),
        Group(
            "GroupAttributes",
            (
                text("ObjectClass", "group", optional=False),
                text("ObjectIdentifier", "objectGuid", optional=False),
                text("GroupName", "cn", optional=False),
                text("Membership", "member", optional=False),
                text("MembershipIdentifier", "dn", optional=False),
                fixed("BackLinkIdentifier", Kind.TEXT, "objectSid"),
            ),
        ),
        # The schema requires it, but bodies of 1.5 cannot have it.
        flag("UseExternalKerberos", optional=True, since="5.1"),
    ),
)

EMAIL = Section(
    "EmailSettings",
    "EmailSettings",
    admin_type("emailSettings"),
    "email",
    (
        text("SenderEmailAddress"),
        text("EmailSubjectPrefix"),
        flag("AlertEmailToAllAdmins"),
        text("AlertEmailTo"),
        Group(
            "SmtpSettings",
            (
                flag("UseAuthentication"),
                text("SmtpServerName"),
                number("SmtpServerPort", 25, optional=True),
                flag("ssl", optional=True),
                Setting(
                    "SmtpSecureMode",
                    Kind.TEXT,
                    "none",
                    optional=True,
                    since="11.0",
                    choices=("none", "startTls", "ssl"),
                ),
                text("SslTrustStore", since="11.0"),
                text("UserName"),
                unset("Password", Kind.SECRET),
            ),
        ),
    ),
)

LICENSE = Section(
    "License",
    "License",
    admin_type("licenseSettings"),
    "license",
    (
        text("SerialNumber"),
        fixed("LicensedVMCount", Kind.INT, "0"),
        fixed("ValidSerial", Kind.FLAG, "true"),
        fixed("Expired", Kind.FLAG, "false"),
        fixed("Persisted", Kind.FLAG, "true", since="5.5"),
        fixed("PublishingToRemoteSitesFeature", Kind.FLAG, "true", since="5.5"),
        fixed("SubscribingToRemoteSitesFeature", Kind.FLAG, "true", since="5.5"),
    ),
)

BRANDING = Section(
    "BrandingSettings",
    "BrandingSettings",
    admin_type("brandingSettings"),
    "branding",
    (
        text("CompanyName", "Gatepost", optional=False),
        unset("LoginPageCustomizationTheme", Kind.HEX, since="5.1"),
        unset("PreviewCustomTheme", Kind.HEX, since="5.1"),
        unset("FinalCustomTheme", Kind.HEX, since="5.1"),
        text("AboutCompanyUrl"),
        text("SupportUrl"),
        text("SignUpUrl"),
        text("ForgotUserNameOrPasswordURL"),
    ),
)

PASSWORD_POLICY = Section(
    "SystemPasswordPolicySettings",
    "PasswordPolicySettings",
    admin_type("systemPasswordPolicySettings"),
    "passwordPolicy",
    (
        flag("AccountLockoutEnabled"),
        flag("AdminAccountLockoutEnabled"),
        number("InvalidLoginsBeforeLockout", 5),
        number("AccountLockoutIntervalMinutes", 10, low=1),
    ),
)

SECTIONS = (GENERAL, LDAP, EMAIL, LICENSE, BRANDING, PASSWORD_POLICY)
