package preview

// BuildNetwork is what hosts call the network of the steps of builds. The packet filter knows it by that, and the
// networks of previews by StackOf(""), which their names begin with.
const BuildNetwork = "rundock-builds"
