"""The vCloud dialect: the XML API of VMware vCloud Director, versions 1.5 to 33.0."""
