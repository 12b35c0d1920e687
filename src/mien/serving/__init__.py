"""mien over HTTP: an API for developers and a web page, on top of ``inference.photo``.

``settings`` the settings · ``app`` the application · ``api`` the endpoints of photos and models · ``clips`` those of clips · ``bodies`` request
bodies · ``gate`` concurrency limits · ``engine`` prediction in batches · ``jobs`` analysis of clips · ``problems`` error responses · ``guard``
headers, keys and the log of all responses · ``assets`` the page's files, compressed · ``samples`` drawn photos to try · ``server`` the process ·
``page`` the web page.
"""

from typing import TYPE_CHECKING

from mien.extras import modules_of

if not TYPE_CHECKING:
    __getattr__ = modules_of(__name__, "serve")
