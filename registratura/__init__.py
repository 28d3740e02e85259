"""An embeddable electronic registry: booking of visits and telemedicine consultations."""
