"""kfp's own variable: where it is set, kfp is imported without its compiler and client."""

KFP_RUNTIME = "_KFP_RUNTIME"
