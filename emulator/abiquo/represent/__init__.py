"""How the dialect's resources look: functions from the inventory to documents."""
