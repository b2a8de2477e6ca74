package params

import "rundock/internal/ansible"

const examples = `
- name: What a run of stack shop would do
  rundock_stack:
    name: shop
    compose: [stacks/shop/compose.yaml]
    hosts: "{{ site_facts }}"
  register: planned
  run_once: true
`

// returned is what a result has besides changed, msg, diff and warnings.
var returned = []ansible.Return{
	{Name: "lines", Type: ansible.List, Elements: ansible.Str, Description: []string{"What becomes of each instance, for people: a head that counts, a line an instance, what is refused, the plan's hash."},
		Sample: []string{"shop: release 7 from 6: 1 new, 2 replaced, 5 kept", "web.1 node-back-1 replaced: image", "plan=0123456789abcdef"}},
	{Name: "notes", Type: ansible.List, Elements: ansible.Str, Description: []string{"What is done otherwise than the files say, or than was wished for."}},
	{Name: "plan", Type: ansible.Str, Description: []string{"The plan's hash, for I(expect)."}, Sample: "0123456789abcdef"},
	{Name: "release", Type: ansible.Int, Description: []string{"The release that is, or would be, rolled out; the current one where nothing is to be done."}},
	{Name: "from", Type: ansible.Int, Description: []string{"The release that it follows; 0: there was none."}},
	{Name: "waves", Type: ansible.List, Elements: ansible.Dict, Description: []string{"What hosts have to do, wave by wave, as arguments of M(rundock) and M(rundock_overlay)."}, Returned: "with C(begin) and C(fail), else empty"},
	{Name: "settle", Type: ansible.Str, Description: []string{"The step that follows the waves, and then C(begin) again: they are those that an earlier run has left. With C(fail), the step that follows them."}},
	{Name: "secret", Type: ansible.Bool, Description: []string{"Files of C(waves) are secrets, and what they hold is told by C(secrets)."}},
	{Name: "secrets", Type: ansible.Dict, Description: []string{"What secrets hold, in base64."}, Returned: "with C(secrets)"},
	{Name: "error", Type: ansible.Str, Description: []string{"Why it failed; empty if it did not."}},
	{Name: "pulled", Type: ansible.List, Elements: ansible.Str, Description: []string{"Images that the host did not have."}},
	{Name: "key_from", Type: ansible.Str, Description: []string{"With C(plan), the host of the inventory whose C(/etc/rundock/stack.key) this one needs before it can plan; else empty."}},
	{Name: "builds", Type: ansible.List, Elements: ansible.Dict, Description: []string{"Images that C(build) has to build before C(begin): their C(services), C(folder), C(host) and C(names)."}, Returned: "with C(plan), else empty"},
	{Name: "built", Type: ansible.List, Elements: ansible.Str, Description: []string{"The images by digest, one for each service."}, Returned: "with C(build), else empty"},
	{Name: "contexts", Type: ansible.List, Elements: ansible.Dict, Description: []string{"Folders that are needed still; the action plugin looks at them, and calls again."}},
	{Name: "wants", Type: ansible.List, Elements: ansible.Str, Description: []string{"Files that are needed still; the action plugin reads them, and calls again."}},
}
