"""Tencent Cloud Data Transmission Service, API version 2021-12-06, as its documentation describes it."""
