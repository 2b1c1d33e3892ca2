"""What a server offers, builds and shows; knows neither Flask nor Dash."""
