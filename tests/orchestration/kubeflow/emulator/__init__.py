"""Kubeflow's API server, driver and launcher, as far as a compiled pipeline can tell.

Written from the sources of Kubeflow Pipelines 2.0.5 to 2.17.0; never compared with a live cluster.
What it leaves out: Argo's own templates, the cache, retries' delays, patches of the pod beyond
environment and volumes, importers, nested pipelines and loops.
"""
