"""What mail programs make of an email: what they support, what they ignore without harm, and what their lists show."""
