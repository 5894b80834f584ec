"""Loading: files, archives and folders in; one verified :class:`~pipeline.dicom.visit.Visit` out."""
