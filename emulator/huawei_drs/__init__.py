"""Huawei Cloud Data Replication Service and the IAM that issues its tokens, as their documentation says."""
