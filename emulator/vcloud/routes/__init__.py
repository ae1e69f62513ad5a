"""The routes, a module for each part of the API; importing this package registers them all."""

from gatepost.vcloud.routes import admin, blocking, browse, entity, machines, sessions, settings, tasks

__all__ = ["admin", "blocking", "browse", "entity", "machines", "sessions", "settings", "tasks"]
