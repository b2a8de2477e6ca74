package overlay

import (
	"fmt"

	"rundock/internal/nft"
)

// String is several lines; they are done in one transaction.
func (o PutTable) String() string { return o.Table.Commands(o.Hosts, o.Replace) }

func (o DeleteTable) String() string {
	return nft.Table{Family: o.Family, Name: o.Name}.DeleteCommand()
}

func (o AddHost) String() string {
	return fmt.Sprintf("nft add element inet %s %s { %s }", o.Table, HostSet, o.At)
}

func (o DeleteHost) String() string {
	return fmt.Sprintf("nft delete element inet %s %s { %s }", o.Table, HostSet, o.At)
}
