"""Files of nothing but series and labels, as their archives publish them."""
