vcl 4.1;

import directors;

backend gateway_1 { .host = "gateway-1"; .port = "3000"; .connect_timeout = 2s; }
backend gateway_2 { .host = "gateway-2"; .port = "3000"; .connect_timeout = 2s; }

sub vcl_init {
	new gateways = directors.round_robin();
	gateways.add_backend(gateway_1);
	gateways.add_backend(gateway_2);
}

sub vcl_recv {
	set req.backend_hint = gateways.backend();
	# Streams go through as they are. Where no gateway answers, Varnish closes the connection, and EventSource
	# comes back.
	if (req.url ~ "^/sse/") {
		return (pipe);
	}
	return (pass);
}
