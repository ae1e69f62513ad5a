"""The routes; importing this package registers all of them."""

from gatepost.abiquo.routes import actions, clouds, config, events, login, machines, oauth, people, roles, tasks

__all__ = ["actions", "clouds", "config", "events", "login", "machines", "oauth", "people", "roles", "tasks"]
