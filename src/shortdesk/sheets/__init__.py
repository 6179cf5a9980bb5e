"""shortdesk package data: venue sheets, tier tables, samples. Data only."""
