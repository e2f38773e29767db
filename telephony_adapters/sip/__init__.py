"""SIP telephones and trunks: signalling of our own, sans-IO, under one adapter."""
