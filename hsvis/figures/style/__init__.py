"""What all figures share: themes and colours, and the axis of the steps."""
