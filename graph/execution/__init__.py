"""Operations executed: plain data by compiled plans, all else and every surprise by graphql-core."""
