"""Extension services: programs outside that serve URLs of the cloud, over AMQP (reference, section 8)."""
