package params

import (
	"rundock/internal/ansible"
	"rundock/internal/spec"
)

// elsewhere are parameters of community.docker's docker_container, and keys of
// compose, that are none here.
var elsewhere = []ansible.Elsewhere{
	{Names: "restart_policy restart_retries restart", Advice: spec.WhyRefused("--restart") + "; to restart it now: state=restarted"},
	{Names: "recreate comparisons image_comparison image_label_mismatch image_name_mismatch", Advice: "the container is replaced when what it is made of has changed; to replace it anyhow: state=restarted"},
	{Names: "detach", Advice: spec.WhyRefused("--detach")},
	{Names: "interactive tty stdin_open", Advice: spec.WhyRefused("--interactive")},
	{Names: "links", Advice: spec.WhyRefused("--link")},
	{Names: "depends_on", Advice: "services start on their own: have the program try again until the name of the other one resolves"},
	{Names: "publish_all_ports", Advice: spec.WhyRefused("--publish-all")},
	{Names: "default_host_ip", Advice: "write the address in published_ports: $PRIVATE_IP:80:80"},
	{Names: "cpu_period cpu_quota", Advice: "write the limit as cpus"},
	{Names: "log_driver logging", Advice: "rundock uses Docker's local driver and copies each line to the service's own log, see log; the driver's size is set by log_options"},
	{Names: "auto_remove cleanup keep_volumes force_kill removal_wait_timeout", Advice: "rundock itself removes the container that it replaces, with its anonymous volumes"},
	{Names: "kernel_memory", Advice: spec.WhyRefused("--kernel-memory")},
	{Names: "kill_signal", Advice: "it is stop_signal"},
	{Names: "container_name container", Advice: "it is name"},
	{Names: "network net", Advice: "it is networks, or network_mode for host, none and container:NAME"},
	{Names: "networks_cli_compatible purge_networks container_default_behavior command_handling", Advice: "the container is always as docker run makes it: leave it out"},
	{Names: "paused", Advice: "a service is enabled or disabled"},
	{Names: "output_logs", Advice: "rundockd logs NAME shows them"},
	{Names: "ignore_image pull_check_mode_behavior", Advice: "a new image under an old tag is deployed by state=restarted, or by its digest"},
	{Names: "healthy_wait_timeout", Advice: "it is wait=healthy and wait_timeout"},
	{Names: "docker_host docker_url tls tls_verify validate_certs tls_hostname ca_path ca_cert client_cert client_key cacert_path cert_path key_path use_ssh_client api_version docker_api_version timeout debug",
		Advice: "the module runs on the host and speaks to its dockerd: leave it out"},
	{Names: "build", Advice: "build and push the image before: the hosts pull it"},
	{Names: "deploy", Advice: "each host of the play has one container of the service; limits are memory, cpus and pids_limit"},
	{Names: "umask", Advice: spec.WhyRefused("--umask")},
}
