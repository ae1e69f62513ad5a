"""The Abiquo dialect: a webhook out, path-only links back."""
