"""Taking a patient out of everything that lies below a root."""
