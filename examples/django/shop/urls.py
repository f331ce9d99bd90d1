from django.conf import settings
from django.contrib import admin
from django.http import HttpResponse
from django.urls import include, path
from django.views.generic import RedirectView


def home(request):
    name = request.user.get_username()
    return HttpResponse(f"Signed in as {name}." if name else '<a href="/accounts/login/">Log in</a>')


# Before Django's own, so that it leads to Latchkey instead.
moved = [path("accounts/password_reset/", RedirectView.as_view(url=f"{settings.LATCHKEY_URL}/auth/password-reset/"))]

urlpatterns = [
    *(moved if settings.LATCHKEY_URL else []),
    path("accounts/", include("django.contrib.auth.urls")),
    path("admin/", admin.site.urls),
    path("", home),
]
