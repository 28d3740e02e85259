"""The patient's dialogue as the patient sees it: presses in, screens out, nothing between them replaced but MAX."""
