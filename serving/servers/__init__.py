"""The servers that can serve a pushed model: each module finds one and says how it is started."""
