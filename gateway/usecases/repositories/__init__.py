"""What use cases ask of storage, one protocol a table group. `storage` implements each under the same file name."""
