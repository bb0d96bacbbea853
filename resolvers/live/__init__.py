"""Live progress: one poller asks a vendor, however many viewers watch."""
