"""What a video costs on this computer: stage by stage, end to end, and beside other transfers."""
