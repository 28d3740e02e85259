"""What ties the ports to one technology each; chosen by the composition root alone."""
