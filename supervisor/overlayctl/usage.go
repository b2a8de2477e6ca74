package overlayctl

const usage = `usage: rundockd overlay run NAME      keep network NAME; runsv starts this
       rundockd overlay try               whether this host could join the network whose
                                          settings are on stdin; nothing is changed
                                          --wait 30s: for a store that is away
       rundockd overlay status [NAME...]  how networks stand; a line for each
       rundockd overlay peers NAME        the hosts of a network; a line for each
       rundockd overlay check [NAME...]   what would be changed to make the kernel
                                          hold what it should; nothing when all is right;
                                          on stderr, which address pools of dockerd overlap it
       rundockd overlay explain ADDRESS   which host and container has it, and why it
                                          cannot be reached
       rundockd overlay leave NAME        remove what run made, and give the subnet back;
                                          --check: only say whether it can be
                                          --attached: only name the containers attached
                                          --force: also while containers are attached,
                                          or while the store cannot be asked
                                          --offline: only the latter
       rundockd overlay forget NAME [HOST] free the subnet of a host that is gone for good:
                                          HOST is its name, machine id or subnet;
                                          without HOST a network that no host is in

Networks are described in /etc/rundock/overlay/NAME.json. Without names, status
and check speak of all of them. Exit codes: 0 all is right; 1 not everything
could be found out, or done; 2 bad arguments; 3 something is wrong, or containers
are attached; 4 no such network, or address in one.
`
