"""Inventory files: what a new cloud holds, said in YAML, and what a running one holds, said the same way."""

from gatepost.inventory_files.accounts import accounts
from gatepost.inventory_files.errors import InvalidInventory
from gatepost.inventory_files.load import load
from gatepost.inventory_files.model import InventoryFile
from gatepost.inventory_files.write import schema, slim, write

__all__ = ["InvalidInventory", "InventoryFile", "accounts", "load", "schema", "slim", "write"]
