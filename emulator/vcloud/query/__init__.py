"""The query service (reference, section 9): filter language, record types, and what a query finds.

`types` holds the table of record types; to add one is to add an entry there.
"""
