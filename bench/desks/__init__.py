"""Parts of the desk load: the server under test, the switch that brings the customers, and the people at the desks."""
