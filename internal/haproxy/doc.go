// Package haproxy is what a load balancer knows of HAProxy: the settings of a
// host's frontends and services, the configuration made of them, the runtime
// socket, and the plan that turns a backend's servers into the wanted ones.
//
// Each service has three backends: SERVICE for instances without colour,
// SERVICE-blue and SERVICE-green. Each has a fixed number of servers, its slots
// (s1, s2, ...); a slot without instance is in maintenance. Which backend has the
// traffic is read from a map at each request (map.go). So neither a change of
// instances nor a switch of colours needs a reload: the configuration's topology
// follows from the settings alone. The file names the instances nevertheless, so
// that a HAProxy that starts anew has them at once.
//
// Sources: the configuration and management manuals of HAProxy 2.6 and 3.0.
package haproxy
