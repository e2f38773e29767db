"""Any switch that pushes call events and takes routing orders: CloudEvents over HTTP or a websocket."""
