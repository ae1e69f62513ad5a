"""The objects of the cloud as the elements of the vCloud schemas. Callers hold the lock."""
