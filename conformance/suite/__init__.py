"""The requirements as tests: pytest --pyargs gatepost.conformance.suite --connector profile.yaml."""
