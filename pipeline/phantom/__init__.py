"""Digital reference object: anatomy, MR signal, DICOM, and the exact truth beside it."""
