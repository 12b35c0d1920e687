"""mien over HTTP: an API for developers and a page for people, on top of ``inference.photo``.

``settings`` what may be set · ``app`` the whole · ``api`` the addresses · ``bodies`` what is received · ``gate`` how much at once · ``engine`` the
work, in batches · ``problems`` errors as answers · ``guard`` what holds for every answer · ``server`` the process · ``page`` the
web page.
"""

from typing import TYPE_CHECKING

from mien.extras import modules_of

if not TYPE_CHECKING:
    __getattr__ = modules_of(__name__, "serve")
