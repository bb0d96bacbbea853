"""OceanBase Migration Service, Community and Enterprise: GetPreCheckResult."""
