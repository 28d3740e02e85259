"""What MAX allows within any one second."""

HOST_PER_SECOND = 30
CHAT_PER_SECOND = 2
POLLS_PER_SECOND = 2
PUSHES_PER_SECOND = 100
