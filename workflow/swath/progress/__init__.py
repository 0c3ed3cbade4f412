"""How a run goes on, for people: a bar on a terminal, heartbeat lines elsewhere, one line when a stage is done."""
